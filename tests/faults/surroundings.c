/* Preloaded into nginx: its clock, its source of randomness and the end of its threads as a test
 * wants them. SURROUNDINGS names a file with three 64-bit numbers: seconds by which the clock is
 * wrong, whether getrandom() fails, and the microseconds by which a thread's end is late.
 * They are read anew on each call. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
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
  void* memory = file < 0 ? MAP_FAILED : mmap(NULL, 24, PROT_READ, MAP_SHARED, file, 0);
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

void pthread_exit(void* result) {
  void (*exit_now)(void*) = (void (*)(void*))dlsym(RTLD_NEXT, "pthread_exit");
  if (surroundings != NULL) usleep((useconds_t)surroundings[2]);
  exit_now(result);
  abort();
}

/* Says so if the process ends while it still has other threads. */
__attribute__((destructor)) static void look_for_threads(void) {
  DIR* tasks = opendir("/proc/self/task");
  int count = -2; /* . and .. */
  if (tasks == NULL) return;
  while (readdir(tasks) != NULL) ++count;
  closedir(tasks);
  if (count > 1) dprintf(STDERR_FILENO, "surroundings: ended beside %d threads\n", count - 1);
}
