/* Preloaded into nginx: its clock and its source of randomness as a test wants them. SURROUNDINGS
 * names a file with two 64-bit numbers: seconds by which the clock is wrong, and whether
 * getrandom() fails. Both are read anew on each call. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t* surroundings;

__attribute__((constructor)) static void open_it(void) {
  const char* path = getenv("SURROUNDINGS");
  int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  void* memory = file < 0 ? MAP_FAILED : mmap(NULL, 16, PROT_READ, MAP_SHARED, file, 0);
  if (file >= 0) close(file);
  if (memory == MAP_FAILED) abort();
  surroundings = memory;
}

static int64_t offset(void) {
  return surroundings == NULL ? 0 : surroundings[0];
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  long result = syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    now->tv_sec += offset();
  return (int)result;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  struct timespec time;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &time) != 0) return -1;
  now->tv_sec = time.tv_sec;
  now->tv_usec = time.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* now) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  if (now != NULL) *now = time.tv_sec;
  return time.tv_sec;
}

ssize_t getrandom(void* buffer, size_t length, unsigned int flags) {
  if (surroundings != NULL && surroundings[1] != 0) {
    errno = EIO;
    return -1;
  }
  return syscall(SYS_getrandom, buffer, length, flags);
}
