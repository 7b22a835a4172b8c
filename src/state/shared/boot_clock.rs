//! A clock that nobody sets, and that goes on while the machine sleeps.

use std::time::Duration;

/// A moment on this machine, counted from its start. Moments of two machines cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(Duration);

impl Moment {
    /// This moment. Linux counts the time in which it was suspended; its other clock for measuring does not, and a lease
    /// goes on while we sleep.
    #[cfg(target_os = "linux")]
    pub(super) fn now() -> Self {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
        Self(Duration::new(seconds, nanoseconds))
    }

    /// This moment. Elsewhere the clock for measuring is the best that there is.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn now() -> Self {
        use std::sync::LazyLock;
        use std::time::Instant;
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        Self(START.elapsed())
    }

    pub(super) fn plus(self, time: Duration) -> Self {
        Self(self.0 + time)
    }

    /// How long ago that moment was; zero for one that is to come.
    pub(super) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_only_goes_forward() {
        let first = Moment::now();
        let second = Moment::now();
        assert!(second >= first);
        assert_eq!(first.since(second.plus(Duration::from_secs(1))), Duration::ZERO);
        assert_eq!(first.plus(Duration::from_secs(7)).since(first), Duration::from_secs(7));
    }

    /// What the kernel itself says of the time since its start, with that in which the machine was suspended.
    #[cfg(target_os = "linux")]
    #[test]
    fn it_counts_as_the_kernel_does() {
        let told = std::fs::read_to_string("/proc/uptime").unwrap();
        let seconds = told.split(' ').next().unwrap().parse().unwrap();
        let apart = Moment::now().0.abs_diff(Duration::from_secs_f64(seconds));
        assert!(apart < Duration::from_secs(10), "{apart:?}");
    }

    /// The same on a machine that seems to have been suspended for a day, where we may make one.
    #[cfg(target_os = "linux")]
    #[test]
    fn it_counts_the_time_in_which_the_machine_was_suspended() {
        let suspended = |program: &std::path::Path| {
            let mut command = std::process::Command::new("unshare");
            command.args(["--user", "--map-root-user", "--time", "--boottime", "86400"]).arg(program);
            command
        };
        let may = suspended("true".as_ref()).output().is_ok_and(|ended| ended.status.success());
        if !may {
            return;
        }
        let (_, module) = module_path!().split_once("::").unwrap();
        let test = format!("{module}::it_counts_as_the_kernel_does");
        let program = std::env::current_exe().unwrap();
        let ended = suspended(&program).args(["--exact", &test]).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stdout);
        assert!(ended.status.success() && said.contains("1 passed"), "{said}");
    }
}
