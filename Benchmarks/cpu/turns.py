"""Programs that take turns on one machine, each doing some steps for every line it is sent, and what they are seen to use."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time

# glibc's settings under which freed memory stays in the process, as Winnow arranges for itself.
KEEPS_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_TOP_PAD_": str(64 << 20)}


class WorkerFailed(Exception):
    def __init__(self, name, code, errors):
        super().__init__(f"{name} ended with {code}: {errors.strip()[-2000:] or 'it said nothing'}")
        self.code = code


class Worker:
    """A program that says a line of JSON when it is ready, another for each line it is sent, and a last one at the end of its input.

    Memory is VmHWM, which belongs to the running image. `getrusage` would not do: its maximum is inherited through `exec`, so a
    small program started by a large one seems as large.
    """

    def __init__(self, name, command, environment=None):
        # The tests' environment, in which this may run, lets waiting threads sleep at once: that is no setting to be timed in.
        inherited = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
        self.name = name
        self.errors = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
            env=inherited | (environment or {}))
        self.ready = None
        self.last = None
        self.peak_memory = None

    def wait_until_ready(self):
        self.ready = self._read()

    def turn(self):
        """The program's answer, and the share of the processors that everyone else took meanwhile."""
        (everything, idle), own = _machine_ticks(), self._own_ticks()
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer = self._read()
        (everything_after, idle_after), own_after = _machine_ticks(), self._own_ticks()
        total = max(1, everything_after - everything)
        return answer, max(0, total - (idle_after - idle) - (own_after - own)) / total

    def finish(self):
        self.peak_memory = self._high_water()
        self.process.stdin.close()
        self.last = self._read()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _read(self):
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        code = self.process.wait()
        self.errors.seek(0)
        raise WorkerFailed(self.name, code, self.errors.read())

    def _own_ticks(self):
        """User and system time of all its threads."""
        fields = open(f"/proc/{self.process.pid}/stat").read().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def _high_water(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise OSError(f"/proc/{self.process.pid}/status has no VmHWM")


class Turns:
    """Rounds in which every program has a turn; one in which others disturbed a turn is thrown away and done again.

    A machine that never becomes quiet gives up after `3 · rounds` rounds were thrown away, with what it has.
    """

    def __init__(self, rounds, disturbance):
        self.rounds, self.disturbance = rounds, disturbance
        self.kept = []
        # The share of the processors that others took, at worst, in each round kept and in each thrown away.
        self.disturbed_kept, self.disturbed_thrown = [], []

    def run(self, workers):
        while len(self.kept) < self.rounds and len(self.disturbed_thrown) < 3 * self.rounds:
            answers, worst = {}, 0
            for worker in workers:
                answers[worker.name], others = worker.turn()
                worst = max(worst, others)
            if worst > self.disturbance:
                self.disturbed_thrown.append(worst)
                print(f"round thrown away: other processes took {worst:.0%} of the processors", file=sys.stderr)
                time.sleep(2)
                continue
            self.disturbed_kept.append(worst)
            self.kept.append(answers)
        if not self.kept:
            raise TimeoutError(f"every round was disturbed by more than {self.disturbance:.0%}: try again on a quiet machine")


def _machine_ticks():
    """(all, idle) ticks of all processors; time stolen by a hypervisor counts as used."""
    fields = [int(x) for x in open("/proc/stat").readline().split()[1:9]]
    return sum(fields), fields[3] + fields[4]


def processor():
    """Its name, and what tells apart the generations that share one."""
    known = {}
    for line in open("/proc/cpuinfo"):
        name, _, value = line.partition(":")
        known.setdefault(name.strip(), value.strip())
    if "model name" not in known:
        return platform.machine()
    generation = ", ".join(f"{key.removeprefix('cpu ')} {known[key]}" for key in ("cpu family", "model") if key in known)
    return f"{known['model name']} ({generation})" if generation else known["model name"]
