//! Whose turn it is: a fixed number of threads take jobs of the tenants in turn.
//!
//! A job that nobody waits for any more is dropped when its turn comes.

use crate::problem::{Kind, Problem};
use crate::tokens::Tenant;
use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

type Work = Box<dyn FnOnce() + Send>;

/// The queue and its threads. It ends when dropped, after what was submitted.
pub(crate) struct Scheduler {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// How full it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) queued: usize,
    pub(crate) running: usize,
}

/// Whether the result of a job is still wanted.
#[derive(Clone, Default)]
struct Ticket(Arc<AtomicBool>);

/// A job that was submitted; dropping it cancels the job.
pub(crate) struct Submitted<T> {
    result: oneshot::Receiver<T>,
    started: oneshot::Receiver<()>,
    ticket: Ticket,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queues: BTreeMap<Tenant, VecDeque<(Ticket, Work)>>,
    /// Whose job was taken last.
    last: Option<Tenant>,
    load: Load,
    is_ending: bool,
}

impl Scheduler {
    /// Threads for that many jobs at once.
    pub(crate) fn new(runs: NonZeroUsize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let thread = |number: usize| {
            let shared = shared.clone();
            std::thread::Builder::new().name(format!("run-{number}")).spawn(move || shared.work())
        };
        let threads = (0..runs.get()).map(thread).collect::<Result<_, _>>()?;
        Ok(Self { shared, threads })
    }

    /// Puts a job at the end of the tenant's queue.
    pub(crate) fn submit<T: Send + 'static>(
        &self,
        tenant: &Tenant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Submitted<T> {
        let (result, receiver) = oneshot::channel();
        let (start, started) = oneshot::channel();
        let ticket = Ticket::default();
        let job = move || {
            // Whoever asked may be gone, which is no failure.
            let _ = start.send(());
            let _ = result.send(work());
        };
        let mut state = self.shared.lock();
        state.queues.entry(tenant.clone()).or_default().push_back((ticket.clone(), Box::new(job)));
        state.load.queued += 1;
        self.shared.changed.notify_one();
        Submitted { result: receiver, started, ticket }
    }

    /// How full it is now.
    pub(crate) fn load(&self) -> Load {
        self.shared.lock().load
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.shared.lock().is_ending = true;
        self.shared.changed.notify_all();
        let own = std::thread::current().id();
        for thread in self.threads.drain(..) {
            // A job may hold the service, and so be the last to drop it.
            if thread.thread().id() == own {
                continue;
            }
            // Panics of jobs are caught, so a thread has none.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some(work) = state.next() {
                state.load.running += 1;
                drop(state);
                // A panic drops the sender of the result, which the waiting side notices.
                let _ = catch_unwind(AssertUnwindSafe(work));
                state = self.lock();
                state.load.running -= 1;
            } else if state.is_ending {
                return;
            } else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

impl State {
    /// The first job that is still wanted, of the next tenant that has one.
    fn next(&mut self) -> Option<Work> {
        loop {
            let behind = self.last.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
            let mut following = self.queues.range((behind, Bound::Unbounded));
            let tenant = following.next().or_else(|| self.queues.iter().next())?.0.clone();
            let queue = self.queues.get_mut(&tenant)?;
            let job = queue.pop_front();
            if queue.is_empty() {
                self.queues.remove(&tenant);
            }
            let Some((ticket, work)) = job else { continue };
            self.load.queued -= 1;
            if !ticket.is_cancelled() {
                self.last = Some(tenant);
                return Some(work);
            }
        }
    }
}

impl Ticket {
    fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl<T> Submitted<T> {
    /// The result, unless the turn does not come within that time.
    pub(crate) async fn result(mut self, patience: Duration) -> Result<T, Problem> {
        // Whether it started or was dropped, the result says more.
        if tokio::time::timeout(patience, &mut self.started).await.is_err() {
            let detail =
                format!("no turn within {} s; try again when there is less to do", patience.as_secs());
            return Err(Problem::new(Kind::Waited, detail));
        }
        let failed = |_| {
            Problem::new(Kind::Internal, "the job ended without a result; the log of the service says why")
        };
        (&mut self.result).await.map_err(failed)
    }
}

impl<T> Drop for Submitted<T> {
    fn drop(&mut self) {
        self.ticket.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn tenant(name: &str) -> Tenant {
        name.parse().expect("a name")
    }

    /// A scheduler of one thread that is busy until the sender is used.
    fn busy() -> (Scheduler, mpsc::Sender<()>, Submitted<()>) {
        let scheduler = Scheduler::new(NonZeroUsize::MIN).expect("threads");
        let (go, wait) = mpsc::channel();
        let first = scheduler.submit(&tenant("z"), move || wait.recv().unwrap_or(()));
        while scheduler.load().running == 0 {
            std::thread::yield_now();
        }
        (scheduler, go, first)
    }

    #[test]
    fn tenants_take_turns_whatever_they_send() {
        let (scheduler, go, _first) = busy();
        let (done, order) = mpsc::channel();
        let mut jobs = vec![];
        for name in ["a", "a", "a", "b", "c", "b"] {
            let done = done.clone();
            jobs.push(scheduler.submit(&tenant(name), move || done.send(name).expect("a receiver")));
        }
        assert_eq!(scheduler.load(), Load { queued: 6, running: 1 });
        go.send(()).expect("it waits");
        drop(scheduler);
        drop(done);
        assert_eq!(order.iter().collect::<Vec<_>>(), ["a", "b", "c", "a", "b", "a"]);
    }

    #[test]
    fn what_nobody_waits_for_is_not_done() {
        let (scheduler, go, first) = busy();
        let (done, order) = mpsc::channel();
        let job = |name: &'static str| {
            let done = done.clone();
            scheduler.submit(&tenant("a"), move || done.send(name).expect("a receiver"))
        };
        let (one, _two) = (job("one"), job("two"));
        drop((one, first));
        go.send(()).expect("it waits");
        drop(scheduler);
        drop(done);
        assert_eq!(order.iter().collect::<Vec<_>>(), ["two"]);
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_and_others_go_on() {
        let scheduler = Scheduler::new(NonZeroUsize::MIN).expect("threads");
        let bad = scheduler.submit(&tenant("a"), || -> u8 { panic!("on purpose") });
        let good = scheduler.submit(&tenant("a"), || 7);
        assert_eq!(bad.result(Duration::from_secs(9)).await.expect_err("none").kind, Kind::Internal);
        assert_eq!(good.result(Duration::from_secs(9)).await, Ok(7));
    }

    #[tokio::test]
    async fn a_turn_that_does_not_come_is_an_answer() {
        let (scheduler, go, _first) = busy();
        let late = scheduler.submit(&tenant("a"), || 1);
        let refused = late.result(Duration::from_millis(20)).await.expect_err("none");
        assert_eq!(refused.kind, Kind::Waited);
        go.send(()).expect("it waits");
    }
}
