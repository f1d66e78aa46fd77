//! What people do at Zoom's console on a simulated day: they give and take licenses, switch users off and on, delete one and
//! make it anew, cancel licenses and buy them again.

use crate::domain::seat::License;
use crate::zoom::simulator::{User, World as Zoom};

use super::day::Day;
use super::town::Town;

impl Day {
    /// Somebody changes something at Zoom's console.
    pub(super) fn tamper(&mut self) {
        if !self.dice.chance(self.weather.hands) {
            return;
        }
        let addresses: Vec<String> = self.town.seats.values().cloned().collect();
        let address = &addresses[self.dice.below(addresses.len() as u64) as usize];
        let words = match self.dice.below(20) {
            0..7 => self.town.gives_license(address),
            7..13 => self.town.takes_license(address),
            13..15 => self.town.switches_off(address),
            15..17 => self.town.switches_on(address),
            17 => self.town.makes_anew(address, self.dice.chance(500)),
            18 => self.town.cancels_a_license(),
            _ => self.town.buys_again(),
        };
        self.tell(&format!("somebody at Zoom's console {words}"));
    }
}

impl Town {
    fn gives_license(&mut self, address: &str) -> &'static str {
        let (id, had) = self.zoom_user(address);
        let given = self.at_zoom(|zoom, now| zoom.set_license_by_hand(now, &id, License::Licensed)).is_ok();
        if given && !had {
            self.by_hand.insert(address.to_owned());
        }
        "gives a license"
    }

    fn takes_license(&mut self, address: &str) -> &'static str {
        // It is refused only where there is no such user.
        self.loses_license(address, |zoom, now, id| _ = zoom.set_license_by_hand(now, id, License::Basic));
        "takes a license"
    }

    fn switches_off(&mut self, address: &str) -> &'static str {
        self.loses_license(address, Zoom::deactivate_user);
        "switches a user off"
    }

    fn switches_on(&mut self, address: &str) -> &'static str {
        let (id, _) = self.zoom_user(address);
        self.at_zoom(|zoom, now| zoom.activate_user(now, &id));
        "switches a user on"
    }

    /// The same address, another user: what the old one hosted is gone. The new one may have yet to open its activation link.
    fn makes_anew(&mut self, address: &str, is_pending: bool) -> &'static str {
        self.loses_license(address, Zoom::delete_user);
        self.at_zoom(|zoom, now| {
            let id = zoom.add_user(now, address, "Seat", "Anew", License::Basic);
            if is_pending {
                zoom.await_activation(&id);
            }
        });
        if is_pending { "deletes a user and invites it again" } else { "deletes a user and makes it anew" }
    }

    fn cancels_a_license(&mut self) -> &'static str {
        self.at_zoom(|zoom, _| zoom.settings_mut().licenses = zoom.settings().licenses.saturating_sub(2));
        "cancels two licenses"
    }

    fn buys_again(&mut self) -> &'static str {
        let bought = self.bought;
        self.at_zoom(|zoom, _| zoom.settings_mut().licenses = bought);
        "buys what was cancelled"
    }

    /// Everybody is switched on, and every license is bought again.
    pub(super) fn put_zoom_in_order(&mut self) {
        self.buys_again();
        for address in self.seats.values().cloned().collect::<Vec<_>>() {
            self.switches_on(&address);
        }
    }

    fn loses_license(&mut self, address: &str, change: impl FnOnce(&mut Zoom, i64, &str)) {
        let (id, had) = self.zoom_user(address);
        self.at_zoom(|zoom, now| change(zoom, now, &id));
        if had {
            self.taken.insert(address.to_owned(), self.now());
        }
    }

    /// The id of the Zoom user with this address, and whether it has a license.
    pub(super) fn zoom_user(&self, address: &str) -> (String, bool) {
        let known = |user: &User| (user.id.clone(), user.is_licensed());
        self.at_zoom(|zoom, _| zoom.find_user(address).map(known)).unwrap_or_default()
    }
}
