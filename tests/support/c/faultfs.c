// A file system that shows the folder $BACK and fails as the environment says:
//
//     FLUSH_ERROR=N     closing a file that was written fails with errno N
//     FLUSH_KEEPS=N     and leaves so many bytes of it
//     WRITE_ERROR=N     writing behind byte WRITE_ROOM fails with errno N
//     FSYNC_ERROR=N     so does syncing a file
//     LINK_ERROR=N      and so do links
//     RENAME_ERROR=N    and names that change
//     READ_ERROR=N      reading the byte READ_AT fails with errno N
//     READ_PAUSE=N      reading the byte READ_AT takes N milliseconds, once a file
//     LIST_PAUSE=N      listing a folder takes N milliseconds
//     SYNC_PAUSE=N      syncing the root takes N milliseconds, and then adds a line to $SYNC_LOG
//
// It knows no unnamed files. What is read or written is not kept in memory by the system, so that
// each call is felt.
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const char *back;

// The number in the environment, or -1.
static long setting(const char *name)
{
    const char *text = getenv(name);
    return text ? atol(text) : -1;
}

static void pause_for(const char *name)
{
    if (setting(name) > 0)
        usleep(setting(name) * 1000);
}

// The path below the folder that is shown.
static const char *real(char *buffer, const char *path)
{
    snprintf(buffer, PATH_MAX, "%s%s", back, path);
    return buffer;
}

#define REAL(path) real((char[PATH_MAX]){0}, path)
#define RESULT(call) ((call) < 0 ? -errno : 0)

static int fault_getattr(const char *path, struct stat *out, struct fuse_file_info *file)
{
    return RESULT(file ? fstat(file->fh, out) : lstat(REAL(path), out));
}

static int fault_readlink(const char *path, char *out, size_t size)
{
    ssize_t length = readlink(REAL(path), out, size - 1);
    if (length < 0)
        return -errno;
    out[length] = 0;
    return 0;
}

// Whoever reads, writes or syncs is not told a path (nullpath_ok), because there may be none any
// more; a folder that is open knows whether it is the root.
struct folder {
    DIR *entries;
    int is_root;
};

static int fault_opendir(const char *path, struct fuse_file_info *file)
{
    struct folder *folder = malloc(sizeof *folder);
    folder->entries = opendir(REAL(path));
    folder->is_root = !strcmp(path, "/");
    if (!folder->entries) {
        free(folder);
        return -errno;
    }
    file->fh = (uintptr_t)folder;
    return 0;
}

static int fault_readdir(const char *path, void *out, fuse_fill_dir_t fill, off_t offset,
                         struct fuse_file_info *file, enum fuse_readdir_flags flags)
{
    (void)path, (void)offset, (void)flags;
    pause_for("LIST_PAUSE");
    struct folder *folder = (void *)(uintptr_t)file->fh;
    rewinddir(folder->entries);
    for (struct dirent *entry; (entry = readdir(folder->entries));)
        fill(out, entry->d_name, 0, 0, 0);
    return 0;
}

static int fault_releasedir(const char *path, struct fuse_file_info *file)
{
    (void)path;
    struct folder *folder = (void *)(uintptr_t)file->fh;
    closedir(folder->entries);
    free(folder);
    return 0;
}

static int fault_open(const char *path, struct fuse_file_info *file)
{
    int descriptor = open(REAL(path), file->flags & ~O_NONBLOCK);
    if (descriptor < 0)
        return -errno;
    file->fh = descriptor;
    file->direct_io = setting("READ_PAUSE") > 0;
    return 0;
}

static int fault_create(const char *path, mode_t mode, struct fuse_file_info *file)
{
    int descriptor = open(REAL(path), file->flags | O_CREAT, mode);
    if (descriptor < 0)
        return -errno;
    file->fh = descriptor;
    return 0;
}

static int fault_read(const char *path, char *out, size_t size, off_t offset,
                      struct fuse_file_info *file)
{
    (void)path;
    off_t at = setting("READ_AT");
    if (offset <= at && at < offset + (off_t)size)
        pause_for("READ_PAUSE");
    if (offset <= at && at < offset + (off_t)size && setting("READ_ERROR") > 0)
        return -setting("READ_ERROR");
    ssize_t count = pread(file->fh, out, size, offset);
    return count < 0 ? -errno : (int)count;
}

static int fault_write(const char *path, const char *bytes, size_t size, off_t offset,
                       struct fuse_file_info *file)
{
    (void)path;
    if (setting("WRITE_ERROR") > 0 && offset + (off_t)size > setting("WRITE_ROOM"))
        return -setting("WRITE_ERROR");
    ssize_t count = pwrite(file->fh, bytes, size, offset);
    return count < 0 ? -errno : (int)count;
}

static int fault_flush(const char *path, struct fuse_file_info *file)
{
    (void)path;
    if (setting("FLUSH_ERROR") <= 0 || (fcntl(file->fh, F_GETFL) & O_ACCMODE) == O_RDONLY)
        return 0;
    if (setting("FLUSH_KEEPS") >= 0 && ftruncate(file->fh, setting("FLUSH_KEEPS")) < 0)
        return -errno;
    return -setting("FLUSH_ERROR");
}

static int fault_fsync(const char *path, int data_only, struct fuse_file_info *file)
{
    (void)path, (void)data_only, (void)file;
    return setting("FSYNC_ERROR") > 0 ? -setting("FSYNC_ERROR") : 0;
}

static int fault_fsyncdir(const char *path, int data_only, struct fuse_file_info *file)
{
    (void)path, (void)data_only;
    struct folder *folder = (void *)(uintptr_t)file->fh;
    if (setting("SYNC_PAUSE") > 0 && folder->is_root) {
        pause_for("SYNC_PAUSE");
        FILE *log = fopen(getenv("SYNC_LOG"), "a");
        if (log) {
            fputs("synced\n", log);
            fclose(log);
        }
    }
    return 0;
}

static int fault_release(const char *path, struct fuse_file_info *file)
{
    (void)path;
    close(file->fh);
    return 0;
}

static int fault_unlink(const char *path)
{
    return RESULT(unlink(REAL(path)));
}

static int fault_mkdir(const char *path, mode_t mode)
{
    return RESULT(mkdir(REAL(path), mode));
}

static int fault_rmdir(const char *path)
{
    return RESULT(rmdir(REAL(path)));
}

static int fault_symlink(const char *target, const char *path)
{
    return RESULT(symlink(target, REAL(path)));
}

static int fault_rename(const char *from, const char *to, unsigned flags)
{
    if (setting("RENAME_ERROR") > 0)
        return -setting("RENAME_ERROR");
    return RESULT(renameat2(AT_FDCWD, REAL(from), AT_FDCWD, REAL(to), flags));
}

static int fault_link(const char *from, const char *to)
{
    if (setting("LINK_ERROR") > 0)
        return -setting("LINK_ERROR");
    return RESULT(link(REAL(from), REAL(to)));
}

static int fault_truncate(const char *path, off_t size, struct fuse_file_info *file)
{
    return RESULT(file ? ftruncate(file->fh, size) : truncate(REAL(path), size));
}

static int fault_statfs(const char *path, struct statvfs *out)
{
    return RESULT(statvfs(REAL(path), out));
}

static int fault_utimens(const char *path, const struct timespec times[2],
                         struct fuse_file_info *file)
{
    return RESULT(file ? futimens(file->fh, times)
                       : utimensat(AT_FDCWD, REAL(path), times, AT_SYMLINK_NOFOLLOW));
}

static int fault_chmod(const char *path, mode_t mode, struct fuse_file_info *file)
{
    return RESULT(file ? fchmod(file->fh, mode) : chmod(REAL(path), mode));
}

static int fault_chown(const char *path, uid_t user, gid_t group, struct fuse_file_info *file)
{
    return RESULT(file ? fchown(file->fh, user, group) : lchown(REAL(path), user, group));
}

static void *fault_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
    (void)connection;
    config->attr_timeout = 0;
    config->entry_timeout = 0;
    config->nullpath_ok = 1;
    return NULL;
}

static const struct fuse_operations operations = {
    .getattr = fault_getattr,   .readlink = fault_readlink, .readdir = fault_readdir,
    .open = fault_open,         .create = fault_create,     .read = fault_read,
    .write = fault_write,       .flush = fault_flush,       .fsync = fault_fsync,
    .opendir = fault_opendir,   .releasedir = fault_releasedir,
    .fsyncdir = fault_fsyncdir, .release = fault_release,   .unlink = fault_unlink,
    .mkdir = fault_mkdir,       .rmdir = fault_rmdir,       .symlink = fault_symlink,
    .rename = fault_rename,     .link = fault_link,         .truncate = fault_truncate,
    .statfs = fault_statfs,     .utimens = fault_utimens,   .chmod = fault_chmod,
    .chown = fault_chown,       .init = fault_init,
};

int main(int count, char **arguments)
{
    back = getenv("BACK");
    umask(0);
    return fuse_main(count, arguments, &operations, NULL);
}
