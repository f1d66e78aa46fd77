//! The web: routes, sessions, forms and pages. HTTP and HTML only; every decision is made in `app`.
//!
//! What must stay true: who may come in stands in one table ([`routes::table`]) and is checked before a handler runs; only
//! [`page::WebError`] knows a status of failure; every response carries the headers of [`guard`]; GET changes nothing.

mod account;
pub mod assets;
mod audit;
mod body;
mod dashboard;
mod departure;
mod door;
pub mod flash;
pub mod forms;
pub mod guard;
mod health;
mod home;
mod join;
mod meetings;
mod operator;
pub mod page;
mod password;
pub mod routes;
pub mod scope;
pub mod server;
pub mod session;
mod settings;
mod sheet;
mod sign_in;
mod usage;
mod users;
mod webhooks;

pub use server::{Demo, PATIENCE, WebOptions, listen, start};

#[cfg(test)]
mod tests;
