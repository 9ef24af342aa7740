// libgomp reads its settings from the environment in its constructor, before main. This runs earlier still: the loader
// calls an executable's preinit functions before the constructors of any library.
#include "CStartup.h"

#include <stdlib.h>

#if defined(__linux__)

// A thread that waits for the others spins, by default so long that on a busy machine it keeps them from being scheduled:
// with one other process at work a training step took 2-20 times as long. After this many turns, some microseconds, it
// sleeps instead. Measured in docs/ExperimentLog.md, 2026-11-23. Who sets either variable keeps that.
static void shortenSpinning(int count, char **arguments, char **environment) {
    (void)count, (void)arguments, (void)environment;
    if (getenv("OMP_WAIT_POLICY") == NULL) setenv("GOMP_SPINCOUNT", "5000", 0);
}

__attribute__((section(".preinit_array"), used)) static void (*const atStart)(int, char **, char **) = shortenSpinning;

#endif
