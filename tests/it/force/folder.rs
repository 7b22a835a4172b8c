//! The changes of folders, as the kernel tells them, one after the other.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use rustix::io::Errno;

use super::moment::Sight;
use crate::harness::Running;

/// How often is looked for the next change. A write to a file takes about as long.
const LOOK_INTERVAL: Duration = Duration::from_micros(50);

/// What is made, written, renamed and removed in some folders from now on.
pub(crate) struct Changes(OwnedFd);

impl Changes {
    /// Those of these folders, each of which has to be there.
    #[track_caller]
    pub(crate) fn of(folders: &[PathBuf]) -> Self {
        let changes = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).unwrap();
        let kinds = WatchFlags::CREATE | WatchFlags::MODIFY | WatchFlags::MOVE | WatchFlags::DELETE;
        for folder in folders {
            inotify::add_watch(&changes, folder, kinds)
                .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        }
        Self(changes)
    }
}

impl Sight for Changes {
    fn wait_for(&self, count: usize, running: &mut Running) {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(&self.0, &mut buffer);
        let mut seen = 0;
        while seen < count {
            match reader.next() {
                Ok(_) => seen += 1,
                Err(Errno::WOULDBLOCK) if running.has_ended() => return,
                Err(Errno::WOULDBLOCK) => std::thread::sleep(LOOK_INTERVAL),
                Err(error) => panic!("the changes of a folder cannot be read: {error}"),
            }
        }
    }
}
