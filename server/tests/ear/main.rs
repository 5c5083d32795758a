//! The ear over recordings: the made set in small, by sound alone, and files as people have them.

mod files;
mod made;
