//! The one integration binary: everything that needs a database, a mail server or a browser. Run it by `scripts/test.sh`.

#[cfg(test)]
mod asked;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod drift;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod health;
#[cfg(test)]
mod html;
#[cfg(test)]
mod join;
#[cfg(test)]
mod journey;
#[cfg(test)]
mod keeper;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod life;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod mail;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod padding;
#[cfg(test)]
mod planner;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod race;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod served;
#[cfg(test)]
mod short;
#[cfg(test)]
mod store;
#[cfg(test)]
mod storm;
#[cfg(test)]
mod support;
#[cfg(test)]
mod wired;
