/* A disk that fails, for tests: preloaded, it stands before the C library's writes and syncs of files
   whose path contains DISK_FILES.

   DISK_FAIL=K     every write, truncation and sync from the K-th on fails with errno DISK_ERRNO
   DISK_ONCE=1     only the K-th does
   DISK_COUNT=F    the number of calls is left in the file F
   DISK_SAFE=D     what is synced is copied to the folder D: all that a loss of power is sure to leave
   DISK_HOME=H     the folder of the files; when it is synced, files deleted from it go from D too
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static long calls = 0;

static const char *watched(int fd)
{
    static char path[4096];
    char link[64];
    const char *files = getenv("DISK_FILES");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = files ? readlink(link, path, sizeof path - 1) : -1;
    if (size < 0) return NULL;
    path[size] = 0;
    return strstr(path, files) ? path : NULL;
}

static int fails(int fd)
{
    if (!watched(fd)) return 0;
    calls++;
    const char *count = getenv("DISK_COUNT");
    if (count) {
        FILE *file = fopen(count, "w");
        if (file) { fprintf(file, "%ld", calls); fclose(file); }
    }
    const char *at = getenv("DISK_FAIL");
    if (!at || (getenv("DISK_ONCE") ? calls != atol(at) : calls < atol(at))) return 0;
    errno = atoi(getenv("DISK_ERRNO"));
    return 1;
}

#define NEXT(name, type) static __typeof__(type) *next; if (!next) next = dlsym(RTLD_NEXT, name)

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t place)
{
    NEXT("pwrite64", ssize_t(int, const void *, size_t, off64_t));
    return fails(fd) ? -1 : next(fd, data, size, place);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t place)
{
    NEXT("pwrite", ssize_t(int, const void *, size_t, off_t));
    return fails(fd) ? -1 : next(fd, data, size, place);
}

ssize_t write(int fd, const void *data, size_t size)
{
    NEXT("write", ssize_t(int, const void *, size_t));
    return fails(fd) ? -1 : next(fd, data, size);
}

int ftruncate(int fd, off_t size)
{
    NEXT("ftruncate", int(int, off_t));
    return fails(fd) ? -1 : next(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    NEXT("ftruncate64", int(int, off64_t));
    return fails(fd) ? -1 : next(fd, size);
}

/* A synced folder has lost for good what was deleted from it before. */
static void forget(int fd)
{
    char link[64], path[4096], name[8192];
    const char *folder = getenv("DISK_SAFE"), *files = getenv("DISK_FILES"), *ends[] = {"-journal", "-wal"};
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = folder ? readlink(link, path, sizeof path - 1) : -1;
    if (size < 0) return;
    path[size] = 0;
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "%s/%s%s", path, files, ends[i]);
        if (access(name, F_OK) == 0) continue;
        snprintf(name, sizeof name, "%s/%s%s", folder, files, ends[i]);
        unlink(name);
    }
}

static int is_home(int fd)
{
    char link[64], path[4096];
    const char *home = getenv("DISK_HOME");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = home ? readlink(link, path, sizeof path - 1) : -1;
    if (size < 0) return 0;
    path[size] = 0;
    return strcmp(path, home) == 0;
}

static void keep(int fd)
{
    if (is_home(fd)) forget(fd);

    const char *folder = getenv("DISK_SAFE"), *path = watched(fd);
    if (!folder || !path) return;
    char target[4200], source[64], *data = malloc(1 << 20);
    const char *name = strrchr(path, '/');
    snprintf(target, sizeof target, "%s%s", folder, name);
    snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
    int from = open(source, O_RDONLY), to = open(target, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t size;
    while ((size = read(from, data, 1 << 20)) > 0)
        if (syscall(SYS_write, to, data, size) != size) abort(); /* past the faults above */
    close(from);
    close(to);
    free(data);
}

int fsync(int fd)
{
    NEXT("fsync", int(int));
    if (fails(fd)) return -1;
    int done = next(fd);
    keep(fd);
    return done;
}

int fdatasync(int fd)
{
    NEXT("fdatasync", int(int));
    if (fails(fd)) return -1;
    int done = next(fd);
    keep(fd);
    return done;
}
