#ifndef CJUMPINGCLOCK_H
#define CJUMPINGCLOCK_H

/// A clock that somebody sets. A test program that holds this target calls its `clock_gettime` in the place of the C library's; it
/// does the same, but for the time of day of a thread that asks for jumps. Linux only: elsewhere no clock jumps.

/// From now on this thread finds the time of day so many seconds later, or earlier, each time that it looks; 0 ends it.
void jumping_clock_step(long seconds);

#endif
