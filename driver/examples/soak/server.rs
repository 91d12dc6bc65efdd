//! A service in this process.

use cloakwork_serve::listener::Listener;
use cloakwork_serve::options::Options;
use cloakwork_serve::service::Service;
use cloakwork_serve::tokens::add_token;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A service; it ends when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(mut options: Options) -> Self {
        options.listen = "127.0.0.1:0".parse().unwrap();
        let (say, started) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let service = Service::new(&options).unwrap();
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = Listener::bind(service, &options).await.unwrap();
                say.send(listener.address().unwrap()).unwrap();
                listener.serve(async { drop(ended.await) }).await;
            });
        });
        Self { address: started.recv().unwrap(), end: Some(end), thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Tells it to end, and does not wait.
    pub(crate) fn tell_to_end(&mut self) {
        drop(self.end.take());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tell_to_end();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the service panicked");
        }
    }
}

/// Tokens for tenants, in the file that the options name then.
pub(crate) fn tokens(options: &mut Options, folder: &Path, tenants: &[&str]) -> Vec<String> {
    let path = folder.join(".tokens");
    let make = |name: &&str| add_token(&path, &name.parse().unwrap()).unwrap();
    let made = tenants.iter().map(make).collect();
    options.tokens = Some(path);
    made
}
