//! The store on both databases: what must hold on one must hold on the other.
