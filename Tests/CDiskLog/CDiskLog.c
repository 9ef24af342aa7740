#define _GNU_SOURCE
#include "CDiskLog.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Thread_local char *entries;
static _Thread_local bool is_logging;

void disk_log_begin(void) {
    free(entries);
    entries = strdup("");
    is_logging = true;
}

char *disk_log_end(void) {
    char *ended = entries;
    entries = NULL;
    is_logging = false;
    return ended;
}

#ifdef __linux__
#include <sys/syscall.h>

static void append(const char *what, const char *first, const char *second) {
    char *longer = NULL;
    if (asprintf(&longer, "%s%s\t%s%s%s\n", entries, what, first, second ? "\t" : "", second ? second : "") < 0) abort();
    free(entries);
    entries = longer;
}

int fsync(int descriptor) {
    int result = (int)syscall(SYS_fsync, descriptor);
    if (result == 0 && is_logging) {
        char link[64], path[PATH_MAX + 1];
        snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
        ssize_t length = readlink(link, path, PATH_MAX);
        path[length < 0 ? 0 : length] = 0;
        append("flush", path, NULL);
    }
    return result;
}

int rename(const char *from, const char *to) {
    int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (result == 0 && is_logging) append("rename", from, to);
    return result;
}
#endif
