//! What tests share: databases of their own, people to play with, a browser, and a reader of HTML.

pub(crate) mod browser;
pub(crate) mod cast;
pub(crate) mod database;
pub(crate) mod demo;
pub(crate) mod html;
pub(crate) mod wire;
pub(crate) mod world;
