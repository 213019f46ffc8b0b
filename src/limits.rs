//! What this process may use.

/// The memory that this process may use, in bytes: what the machine has, unless a control group
/// or an address-space limit allows less.
#[must_use]
pub fn usable_memory() -> u64 {
    [machine_memory(), control_group_memory(), address_space()]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(2 << 30)
}

/// The most memory that a picture may take by default: half of [`usable_memory`].
#[must_use]
pub fn default_max_memory() -> u64 {
    static LIMIT: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    *LIMIT.get_or_init(|| usable_memory() / 2)
}

#[cfg(target_os = "linux")]
#[expect(clippy::unnecessary_wraps, reason = "other systems do not tell")]
fn machine_memory() -> Option<u64> {
    let info = rustix::system::sysinfo();
    Some(info.totalram.saturating_mul(u64::from(info.mem_unit)))
}

#[cfg(not(target_os = "linux"))]
fn machine_memory() -> Option<u64> {
    None
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

#[cfg(not(target_os = "linux"))]
fn control_group_memory() -> Option<u64> {
    None
}

#[cfg(unix)]
fn address_space() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    [Resource::As, Resource::Data]
        .into_iter()
        .filter_map(|resource| getrlimit(resource).current)
        .min()
}

#[cfg(not(unix))]
fn address_space() -> Option<u64> {
    None
}

/// How many files this process may have open.
#[cfg(all(unix, feature = "cli"))]
pub(crate) fn open_files() -> u64 {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
