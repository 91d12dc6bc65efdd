//! Calls that run side by side: those of one program under the same keys which wait at the same time.
//!
//! Each call waits here and has a job in the scheduler's queue; a job takes as many waiting calls as pay side by side. A
//! job that finds none left is over at once. So a lone call waits for nobody, and many fill the machine.

use crate::key_memory::Owner;
use crate::problem::{Kind, Problem};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// What calls that run side by side have in common: keys, model, function.
pub(crate) type Group = (Owner, String, String);

/// All calls that wait; `A` is what they are called with, `R` what comes back.
pub(crate) struct Batches<A, R> {
    groups: Mutex<BTreeMap<Group, VecDeque<Waiting<A, R>>>>,
}

/// A call whose turn has come.
pub(crate) struct Waiting<A, R> {
    pub(crate) arguments: A,
    started: Option<oneshot::Sender<()>>,
    answer: oneshot::Sender<Result<R, Problem>>,
}

/// The other end of a call.
pub(crate) struct Answer<R> {
    started: oneshot::Receiver<()>,
    answer: oneshot::Receiver<Result<R, Problem>>,
}

impl<A, R> Batches<A, R> {
    pub(crate) fn new() -> Self {
        Self { groups: Mutex::default() }
    }

    /// Puts a call behind those that wait.
    pub(crate) fn push(&self, group: &Group, arguments: A) -> Answer<R> {
        let ((start, started), (say, answer)) = (oneshot::channel(), oneshot::channel());
        let waiting = Waiting { arguments, started: Some(start), answer: say };
        self.lock().entry(group.clone()).or_default().push_back(waiting);
        Answer { started, answer }
    }

    /// The next calls that somebody waits for.
    pub(crate) fn take(&self, group: &Group, most: usize) -> Vec<Waiting<A, R>> {
        let mut groups = self.lock();
        let Some(waiting) = groups.get_mut(group) else { return vec![] };
        waiting.retain(|call| !call.is_abandoned());
        let count = waiting.len().min(most);
        let mut taken: Vec<_> = waiting.drain(..count).collect();
        if waiting.is_empty() {
            groups.remove(group);
        }
        drop(groups);
        for call in &mut taken {
            // Who waited for it may just have left.
            let _ = call.started.take().map(|started| started.send(()));
        }
        taken
    }

    /// Drops calls that nobody waits for any more.
    pub(crate) fn forget_abandoned(&self, group: &Group) {
        let mut groups = self.lock();
        if let Some(waiting) = groups.get_mut(group) {
            waiting.retain(|call| !call.is_abandoned());
            if waiting.is_empty() {
                groups.remove(group);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Group, VecDeque<Waiting<A, R>>>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A, R> Waiting<A, R> {
    /// Whether nobody waits for the answer.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    /// Splits it into what it is called with and the place for its answer.
    pub(crate) fn split(self) -> (A, Reply<R>) {
        (self.arguments, Reply(self.answer))
    }
}

/// The place for an answer.
pub(crate) struct Reply<R>(oneshot::Sender<Result<R, Problem>>);

impl<R> Reply<R> {
    pub(crate) fn is_abandoned(&self) -> bool {
        self.0.is_closed()
    }

    pub(crate) fn send(self, answer: Result<R, Problem>) {
        // Whoever asked may be gone, which is no failure.
        let _ = self.0.send(answer);
    }
}

impl<R> Answer<R> {
    /// The answer, unless the turn does not come within that time.
    pub(crate) async fn wait(self, patience: Duration) -> Result<R, Problem> {
        // Whether it started or was dropped, the answer says more.
        if tokio::time::timeout(patience, self.started).await.is_err() {
            let detail =
                format!("no turn within {} s; try again when there is less to do", patience.as_secs());
            return Err(Problem::new(Kind::Waited, detail));
        }
        let failed = "the run ended without a result; the log of the service says why";
        self.answer.await.unwrap_or_else(|_| Err(Problem::new(Kind::Internal, failed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ContentHash;

    fn group(number: u8) -> Group {
        let owner = ("a".parse().expect("a name"), ContentHash::of(&[number]));
        (owner, "net".to_owned(), "main".to_owned())
    }

    #[tokio::test]
    async fn calls_of_a_group_are_taken_together_in_order() {
        let batches = Batches::<u8, u8>::new();
        let answers: Vec<_> = (0..5).map(|number| batches.push(&group(1), number)).collect();
        let other = batches.push(&group(2), 9);
        for (most, expected) in [(3, vec![0, 1, 2]), (3, vec![3, 4]), (3, vec![])] {
            let taken = batches.take(&group(1), most);
            assert_eq!(taken.iter().map(|call| call.arguments).collect::<Vec<_>>(), expected);
            taken.into_iter().map(Waiting::split).for_each(|(number, reply)| reply.send(Ok(number + 10)));
        }
        for (number, answer) in answers.into_iter().enumerate() {
            assert_eq!(answer.wait(Duration::from_secs(9)).await, Ok(number as u8 + 10));
        }
        let refused = other.wait(Duration::from_millis(10)).await.expect_err("nobody took it");
        assert_eq!(refused.kind, Kind::Waited);
        assert!(batches.take(&group(2), 9).is_empty(), "nobody waits for it any more");
    }

    #[tokio::test]
    async fn abandoned_calls_are_forgotten_and_lost_ones_answered() {
        let batches = Batches::<u8, u8>::new();
        drop(batches.push(&group(1), 1));
        batches.forget_abandoned(&group(1));
        assert!(batches.lock().is_empty());
        let lost = batches.push(&group(1), 2);
        drop(batches.take(&group(1), 1));
        assert_eq!(lost.wait(Duration::from_secs(9)).await.expect_err("lost").kind, Kind::Internal);
    }
}
