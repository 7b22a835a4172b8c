//! Work that holds up its thread: it is done on a thread of its own, so that all other needs are answered meanwhile.

/// Does the work, and gives what comes out of it.
///
/// # Errors
/// That of the work; or the work has broken off.
pub(super) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(format!("the files could not be read: {error}")))
}
