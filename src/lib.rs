//! Duologue: one-on-one Zoom meetings for many tenants, with a few paid licenses that serve many hosts.
//!
//! Imports run one way, and `tests/it/layers.rs` holds it:
//! `main → web → app → {store, zoom, mail} → domain`; `keeper → app`. Only [`clock`] reads the time and draws random
//! numbers, only [`config`] reads the environment, only `store` speaks SQL, only `web` knows a status code.

pub mod app;
pub mod clock;
pub mod config;
pub mod demo;
pub mod domain;
pub mod keeper;
pub mod mail;
pub mod planner;
pub mod simulate;
pub mod store;
pub mod web;
pub mod zoom;
