//! The states that AWS goes through by itself, what Ready says meanwhile, and what happens when it fails.

mod failed_creation;
mod failed_update;
mod settling;
mod slow_deletion;
