//! The commands; nothing else.

fn main() {}
