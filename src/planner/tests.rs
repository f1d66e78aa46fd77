//! The replay against the formulas, and against days whose answer is plain to see.
