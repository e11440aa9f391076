//! Sends objects to look again to whoever runs the controllers.

use tokio::sync::mpsc;

use super::ReferenceKey;

/// An object that has to look again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Woken {
    /// Which.
    pub key: ReferenceKey,
    /// Also when nothing that it refers to has changed: it waited for something else.
    pub look: bool,
}

/// Wakes objects.
#[derive(Clone, Debug)]
pub struct Waker(mpsc::UnboundedSender<Woken>);

impl Waker {
    /// A waker, and where those that it wakes are named.
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Woken>) {
        let (sender, woken) = mpsc::unbounded_channel();
        (Self(sender), woken)
    }

    /// Something that the object refers to may have changed.
    pub fn wake(&self, key: ReferenceKey) {
        self.send(key, false);
    }

    /// The object has to look again whatever it refers to.
    pub fn look(&self, key: ReferenceKey) {
        self.send(key, true);
    }

    /// Whether nobody can be woken any more.
    pub(super) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn send(&self, key: ReferenceKey, look: bool) {
        // Nobody listens any more only at the end.
        let _ = self.0.send(Woken { key, look });
    }
}
