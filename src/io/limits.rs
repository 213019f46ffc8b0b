//! What this process may use.

/// The memory that this process may use, in bytes: what the machine has, unless a control group
/// or an address-space limit allows less.
#[must_use]
pub fn usable_memory() -> u64 {
    /// Where the system does not tell.
    const USUAL: u64 = 4 << 30;
    let limits = [
        #[cfg(any(target_os = "linux", windows))]
        machine_memory(),
        #[cfg(target_os = "linux")]
        control_group_memory(),
        address_space(),
    ];
    limits.into_iter().flatten().min().unwrap_or(USUAL)
}

/// The most memory that a picture may take by default: half of [`usable_memory`].
///
/// The system is asked each time; a batch asks once and passes the answer on.
#[must_use]
pub fn default_max_memory() -> u64 {
    usable_memory() / 2
}

#[cfg(target_os = "linux")]
#[expect(clippy::unnecessary_wraps, reason = "other systems do not tell")]
fn machine_memory() -> Option<u64> {
    let info = rustix::system::sysinfo();
    Some(info.totalram.saturating_mul(u64::from(info.mem_unit)))
}

#[cfg(windows)]
#[allow(unsafe_code)]
fn machine_memory() -> Option<u64> {
    use windows_sys::Win32::System::SystemInformation::{GlobalMemoryStatusEx, MEMORYSTATUSEX};
    let mut status = MEMORYSTATUSEX {
        dwLength: size_of::<MEMORYSTATUSEX>() as u32,
        ..MEMORYSTATUSEX::default()
    };
    // SAFETY: it is one such structure, which says how long it is.
    let found = unsafe { GlobalMemoryStatusEx(&raw mut status) };
    (found != 0).then_some(status.ullTotalPhys)
}

/// The least limit of the control groups that this process is in, version 2 or 1.
#[cfg(target_os = "linux")]
fn control_group_memory() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    groups
        .lines()
        .filter_map(|line| {
            let mut fields = line.splitn(3, ':');
            let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
            let (root, file) = match controllers {
                "" => ("/sys/fs/cgroup", "memory.max"),
                names if names.split(',').any(|name| name == "memory") => {
                    ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
                }
                _ => return None,
            };
            // A limit anywhere above counts as well; a container may not see the upper folders.
            std::path::Path::new(path)
                .ancestors()
                .filter_map(|group| {
                    let group = group.strip_prefix("/").unwrap_or(group);
                    let file = std::path::Path::new(root).join(group).join(file);
                    std::fs::read_to_string(file).ok()?.trim().parse().ok()
                })
                .min()
        })
        .min()
}

/// For how many threads this process may still open files and take address space.
#[must_use]
pub fn most_threads() -> usize {
    /// Input, output, its directory, and an input that is read ahead.
    #[cfg(unix)]
    const DESCRIPTORS_PER_THREAD: u64 = 4;
    /// The allocator sets aside 64 MiB for each thread, aligned to as much; beside them are its
    /// stack and its buffers.
    const ADDRESS_SPACE_PER_THREAD: u64 = 160 << 20;
    /// Open files where the system does not list them.
    #[cfg(unix)]
    const USUALLY_OPEN: usize = 16;
    let limits = [
        #[cfg(unix)]
        limit(libc::RLIMIT_NOFILE as i32).map(|most| {
            let open = std::fs::read_dir("/dev/fd").map_or(USUALLY_OPEN, Iterator::count);
            most.saturating_sub(open as u64) / DESCRIPTORS_PER_THREAD
        }),
        address_space().map(|bytes| bytes / ADDRESS_SPACE_PER_THREAD),
    ];
    let most = limits.into_iter().flatten().min();
    most.map_or(usize::MAX, |threads| threads as usize)
}

/// The lower one of the limits on address space.
fn address_space() -> Option<u64> {
    #[cfg(unix)]
    let limits = [libc::RLIMIT_AS, libc::RLIMIT_DATA].map(|which| limit(which as i32));
    #[cfg(not(unix))]
    let limits = [None];
    limits.into_iter().flatten().min()
}

/// A limit on this process, if it has one. A sandbox may refuse to tell.
#[cfg(unix)]
#[allow(unsafe_code)]
fn limit(resource: i32) -> Option<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: it is one such structure, which the call fills in.
    let told = unsafe { libc::getrlimit(resource as _, &raw mut limit) } == 0;
    (told && limit.rlim_cur != libc::RLIM_INFINITY).then_some(limit.rlim_cur)
}

/// Has the allocator return to the system what has been freed: glibc's keeps up to 64 MB for each
/// thread.
#[allow(unsafe_code)]
pub(crate) fn return_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the call takes nothing from anybody, and any thread may make it at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}
