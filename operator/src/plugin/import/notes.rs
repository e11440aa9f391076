//! What a person is told besides the manifests: once each, when the progress bar is out of the way.

use std::collections::BTreeSet;

use parking_lot::Mutex;

use crate::plugin::output;

/// Notes, in the order of their arrival.
#[derive(Debug, Default)]
pub struct Notes(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    texts: Vec<String>,
    known: BTreeSet<String>,
    lost: usize,
}

impl Notes {
    /// Something to know. The same again isn't told again.
    pub fn add(&self, text: impl Into<String>) {
        self.0.lock().add(text.into());
    }

    /// Something that should be among the manifests isn't.
    pub fn lose(&self, text: impl Into<String>) {
        let mut inner = self.0.lock();
        inner.lost += usize::from(inner.add(text.into()));
    }

    /// How much is missing.
    pub fn lost(&self) -> usize {
        self.0.lock().lost
    }

    /// All of them.
    pub fn texts(&self) -> Vec<String> {
        self.0.lock().texts.clone()
    }

    /// Tells all of them.
    pub fn tell(&self) {
        self.texts().iter().for_each(|text| output::note(text));
    }
}

impl Inner {
    /// Whether it is new.
    fn add(&mut self, text: String) -> bool {
        let new = self.known.insert(text.clone());
        self.texts.extend(new.then_some(text));
        new
    }
}
