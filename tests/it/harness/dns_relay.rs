//! Something between a client and its name server that loses messages.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What becomes of updates that change something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Updates {
    /// They pass.
    Pass,
    /// They arrive, and the answer to the next one is lost.
    LoseAnswer,
    /// The next one is lost on its way.
    Lose,
    /// They arrive, and no answer ever comes.
    Hang,
    /// They never arrive, and no answer comes either.
    Hold,
}

/// A relay that runs until the test binary ends.
pub(crate) struct DnsRelay {
    address: String,
    between: Arc<Between>,
}

/// What it does between the two.
struct Between {
    mode: Mutex<Updates>,
    seen: AtomicU32,
    /// Those whose sender waits for an answer that never comes.
    hanging: AtomicU32,
    /// Done before the next update passes.
    first: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    refuses: AtomicBool,
}

impl DnsRelay {
    /// In front of this server.
    pub(crate) fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let between = Between {
            mode: Mutex::new(Updates::Pass),
            seen: AtomicU32::new(0),
            hanging: AtomicU32::new(0),
            first: Mutex::default(),
            refuses: AtomicBool::new(false),
        };
        let between = Arc::new(between);
        let relay = Self { address, between: Arc::clone(&between) };
        let server = server.to_owned();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if between.refuses.load(Ordering::SeqCst) {
                    continue;
                }
                let (server, between) = (server.clone(), Arc::clone(&between));
                thread::spawn(move || drop(forward(client, &server, &between)));
            }
        });
        relay
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// From now on this becomes of updates.
    pub(crate) fn set(&self, mode: Updates) {
        *self.between.mode.lock().unwrap() = mode;
    }

    /// Does this before the next update passes that changes something.
    pub(crate) fn before_next(&self, first: impl FnOnce() + Send + 'static) {
        *self.between.first.lock().unwrap() = Some(Box::new(first));
    }

    /// Hangs up on everybody from now on.
    pub(crate) fn hang_up(&self) {
        self.between.refuses.store(true, Ordering::SeqCst);
    }

    /// Lets everybody through again.
    pub(crate) fn listen(&self) {
        self.between.refuses.store(false, Ordering::SeqCst);
    }

    /// How many updates that change something have come.
    pub(crate) fn updates(&self) -> u32 {
        self.between.seen.load(Ordering::SeqCst)
    }

    /// How many of them have been left without an answer for good, as far as they get.
    pub(crate) fn hanging(&self) -> u32 {
        self.between.hanging.load(Ordering::SeqCst)
    }
}

impl Between {
    fn hang(&self) -> ! {
        self.hanging.fetch_add(1, Ordering::SeqCst);
        loop {
            thread::park();
        }
    }
}

fn forward(mut client: TcpStream, server: &str, between: &Between) -> io::Result<()> {
    let mut server = TcpStream::connect(server)?;
    loop {
        let message = read(&mut client)?;
        let mut fate = Updates::Pass;
        if changes_something(&message) {
            between.seen.fetch_add(1, Ordering::SeqCst);
            let first = between.first.lock().unwrap().take();
            if let Some(first) = first {
                first();
            }
            let mut mode = between.mode.lock().unwrap();
            fate = *mode;
            if !matches!(fate, Updates::Hang | Updates::Hold) {
                *mode = Updates::Pass;
            }
        }
        match fate {
            Updates::Lose => return Ok(()),
            Updates::Hold => between.hang(),
            Updates::Pass | Updates::LoseAnswer | Updates::Hang => {}
        }
        write(&mut server, &message)?;
        let answer = read(&mut server)?;
        match fate {
            Updates::Pass => write(&mut client, &answer)?,
            Updates::Hang | Updates::Hold => between.hang(),
            Updates::LoseAnswer | Updates::Lose => return Ok(()),
        }
    }
}

/// Whether a message is an update with something in its third section.
fn changes_something(message: &[u8]) -> bool {
    let operation = message[2] >> 3 & 0xF;
    operation == 5 && (message[8], message[9]) != (0, 0)
}

fn read(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message)?;
    Ok(message)
}

fn write(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length, message].concat())
}
