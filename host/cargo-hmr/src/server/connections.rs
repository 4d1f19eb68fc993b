//! Connections: how many there may be, and how long one may keep the server waiting.
//!
//! An idle connection is closed after some time, and at once when the limit is reached and another one arrives.
//! One whose peer does not read the response is closed too. So neither can keep pages from being served, nor use up the
//! open files that builds need.

use std::{
    collections::BTreeMap,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::Router;
use hyper::{server::conn::http1, service::Service as _};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::{self, Sleep},
};

/// How many connections there are at most, if the system lets the process have so many files.
const MOST: usize = 1024;
/// The most open files that the process requests from the system.
const FILES: u64 = 8192;
/// How long a request's header may take, from the first moment that the connection waits for one.
const HEADER: Duration = Duration::from_secs(20);
/// How long a peer may stop reading the data that is sent to it.
const STALL: Duration = Duration::from_secs(30);
/// How long to wait when the system refuses another connection.
const PAUSE: Duration = Duration::from_millis(200);

/// What all listeners share.
struct Limits {
    most: usize,
    slots: Arc<Semaphore>,
    silent: Arc<Silent>,
    /// The number of the next connection.
    next: AtomicU64,
    /// Whether it was reported that there are too many connections.
    full: AtomicBool,
    /// Whether it was reported that the system refuses another one.
    refused: AtomicBool,
}

/// Serves in the background until the process ends. `report` gets what the developer should read, each message once.
pub fn serve(
    listeners: Vec<TcpListener>,
    router: &Router,
    report: impl Fn(String) + Send + Sync + 'static,
) {
    // Builds need files too.
    let files = rlimit::increase_nofile_limit(FILES).unwrap_or(FILES);
    let most = MOST.min(usize::try_from(files / 2).unwrap_or(MOST));
    let limits = Arc::new(Limits {
        most,
        slots: Arc::new(Semaphore::new(most)),
        silent: Arc::default(),
        next: AtomicU64::new(0),
        full: AtomicBool::new(false),
        refused: AtomicBool::new(false),
    });
    let report = Arc::new(report);
    for listener in listeners {
        let (router, limits, report) = (router.clone(), Arc::clone(&limits), Arc::clone(&report));
        tokio::spawn(async move { accept(&listener, &router, &limits, &*report).await });
    }
}

/// Serves the connections of one listener.
async fn accept(
    listener: &TcpListener,
    router: &Router,
    limits: &Limits,
    report: &(impl Fn(String) + Sync),
) {
    let Limits { most, slots, silent, next, full, refused } = limits;
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) if is_of_one_connection(&error) => continue,
            Err(error) => {
                if !refused.swap(true, Ordering::Relaxed) {
                    report(format!(
                        "no more connections can be opened: {error}; new ones wait\nhint: allow more files with `ulimit -n {FILES}`"
                    ));
                }
                silent.close_oldest();
                time::sleep(PAUSE).await;
                continue;
            }
        };
        if slots.available_permits() == 0
            && !silent.close_oldest()
            && !full.swap(true, Ordering::Relaxed)
        {
            report(format!(
                "there are {most} connections, as many as there may be; new ones wait\nhint: close pages that are not needed, or allow more files with `ulimit -n {FILES}`"
            ));
        }
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(slots).acquire_owned().await else { return };
        let number = next.fetch_add(1, Ordering::Relaxed);
        let (router, silent) = (router.clone(), Arc::clone(silent));
        tokio::spawn(async move { one(number, stream, permit, router, &silent).await });
    }
}

/// Serves one connection.
async fn one(
    number: u64,
    stream: TcpStream,
    permit: OwnedSemaphorePermit,
    router: Router,
    silent: &Arc<Silent>,
) {
    // Messages to pages are small and must not be delayed.
    _ = stream.set_nodelay(true);
    let close = silent.add(number);
    let inner = TowerToHyperService::new(router);
    let silent_connections = Arc::clone(silent);
    let service = hyper::service::service_fn(move |request| {
        silent_connections.remove(number);
        inner.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER)
        .serve_connection(TokioIo::new(Watched::new(stream, permit)), service)
        .with_upgrades();
    tokio::select! {
        // The peer knows why its connection ends; no report is needed.
        _ = connection => {}
        Ok(()) = close => {}
    }
    silent.remove(number);
}

/// The connections that have not sent a request yet, by number, so the oldest is first.
#[derive(Default)]
struct Silent(Mutex<BTreeMap<u64, oneshot::Sender<()>>>);

impl Silent {
    /// Adds a connection; the receiver is notified when it must be closed.
    fn add(&self, number: u64) -> oneshot::Receiver<()> {
        let (close, closed) = oneshot::channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(number, close);
        closed
    }

    fn remove(&self, number: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
    }

    /// Whether there was one to close.
    fn close_oldest(&self) -> bool {
        let oldest = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_first();
        oldest.is_some_and(|(_, close)| close.send(()).is_ok())
    }
}

/// A stream that fails when its peer stops reading for too long. It counts as a connection as long as it is open, for any
/// use.
struct Watched {
    stream: TcpStream,
    stalled: Option<Pin<Box<Sleep>>>,
    _permit: OwnedSemaphorePermit,
}

impl Watched {
    fn new(stream: TcpStream, permit: OwnedSemaphorePermit) -> Self {
        Self { stream, stalled: None, _permit: permit }
    }

    /// Returns the result of a write, or an error if it has been pending for too long.
    fn watch<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(time::sleep(STALL)));
        stalled.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.watch(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Whether an error of `accept` is about the connection that would have been accepted, and not about the next one.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}
