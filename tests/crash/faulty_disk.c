/* A disk that fails or is slow: preloaded before the C library, it makes the n-th read, write or sync of a database fail.

   FAULT_PLAN names a file of eight 64-bit numbers, shared with the test that writes them:
   0 what fails (0 read, 1 write, 2 sync, -1 nothing)  1 the first that fails  2 with which error  3 how many fail
   (an error below 0 is how many microseconds such a call takes longer, and it does not fail then)
   4-6 how many reads, writes and syncs there were     7 how many have failed
   Only files whose path has "runs.db" in it count. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { READ, WRITE, SYNC };
enum { WHAT, FIRST, ERROR, MOST, COUNTS, FAILED = 7, NUMBERS };

static int64_t *plan;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("FAULT_PLAN");
  int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *shared = mmap(NULL, NUMBERS * sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (shared != MAP_FAILED) plan = shared;
}

static int of_database(int file) {
  char link[32], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strstr(path, "runs.db") != NULL;
}

static int fails(int what, int file) {
  int before = errno;
  if (!plan || !of_database(file)) {
    errno = before;
    return 0;
  }
  int64_t number = __sync_add_and_fetch(&plan[COUNTS + what], 1);
  errno = before;
  if (plan[WHAT] != what || number < plan[FIRST] || number >= plan[FIRST] + plan[MOST]) return 0;
  __sync_add_and_fetch(&plan[FAILED], 1);
  if (plan[ERROR] < 0) {
    usleep((useconds_t)-plan[ERROR]);
    errno = before;
    return 0;
  }
  errno = (int)plan[ERROR];
  return 1;
}

/* Each of these stands before the function of the same name. */
#define BEFORE(what, type, name, parameters, given)             \
  type name parameters {                                        \
    static type(*real) parameters;                              \
    if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name); \
    return fails(what, file) ? -1 : real given;                 \
  }

BEFORE(READ, ssize_t, pread, (int file, void *data, size_t size, off_t at), (file, data, size, at))
BEFORE(READ, ssize_t, pread64, (int file, void *data, size_t size, off64_t at), (file, data, size, at))
BEFORE(WRITE, ssize_t, pwrite, (int file, const void *data, size_t size, off_t at), (file, data, size, at))
BEFORE(WRITE, ssize_t, pwrite64, (int file, const void *data, size_t size, off64_t at), (file, data, size, at))
BEFORE(WRITE, int, ftruncate, (int file, off_t size), (file, size))
BEFORE(WRITE, int, ftruncate64, (int file, off64_t size), (file, size))
BEFORE(SYNC, int, fsync, (int file), (file))
BEFORE(SYNC, int, fdatasync, (int file), (file))
