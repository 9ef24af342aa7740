#ifndef CDISKLOG_H
#define CDISKLOG_H

#include <stdbool.h>

/// What a thread asks of the disk, in order. A test program that holds this target calls its `fsync` and `rename` in the place of
/// the C library's; they do the same, and write it down where the thread has begun a log. Linux only: elsewhere a log stays empty.

/// Begins a log of this thread's flushes and renames, from nothing.
void disk_log_begin(void);

/// Ends it.
/// - Returns: a line each, `flush<TAB>path` or `rename<TAB>from<TAB>to`, in the order of success; to be freed.
char *disk_log_end(void);

#endif
