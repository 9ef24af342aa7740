#define _GNU_SOURCE
#include "CJumpingClock.h"

static _Thread_local long step, offset;

void jumping_clock_step(long seconds) {
    step = seconds;
    offset = 0;
}

#ifdef __linux__
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && clock == CLOCK_REALTIME && step != 0) {
        offset += step;
        time->tv_sec += offset;
    }
    return result;
}
#endif
