//! The store on both databases: what must hold on one must hold on the other.

mod accounts;
mod busy;
mod cost;
mod events;
mod ledger;
mod letters;
mod licenses;
mod links;
mod meetings;
mod migrations;
mod pool;
mod row_security;
mod schema;
mod scope;
mod search;
mod sessions;
mod tenants;
mod writer;
