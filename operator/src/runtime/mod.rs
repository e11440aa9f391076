//! What a long-running process needs.
