//! Places for strangers. Whoever comes gets one: where none is left, the oldest of the address
//! that holds the most gives way.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Where somebody is: an address, or the network of an IPv6 address, whose owner has all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Origin(IpAddr);

impl Origin {
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            address => address,
        })
    }
}

/// Those who hold a place.
pub(super) struct Crowd {
    most: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    next: u64,
    /// From the oldest to the newest.
    places: BTreeMap<u64, (Origin, oneshot::Sender<()>)>,
}

/// A place, for as long as it lives.
pub(super) struct Place {
    crowd: Arc<Crowd>,
    number: u64,
}

impl Crowd {
    /// So many places.
    pub fn of(most: usize) -> Arc<Self> {
        Arc::new(Self { most, held: Mutex::default() })
    }

    /// Takes a place. What is returned beside it ends when the place is wanted for somebody else;
    /// it does not end where the place has been given back.
    pub fn enter(self: &Arc<Self>, origin: Origin) -> (Place, impl Future<Output = ()> + use<>) {
        let (turn_out, turned_out) = oneshot::channel();
        let mut held = self.held();
        let number = held.next;
        held.next += 1;
        held.places.insert(number, (origin, turn_out));
        if held.places.len() > self.most {
            held.turn_one_out();
        }
        let turned_out = async move {
            if turned_out.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        (Place { crowd: self.clone(), number }, turned_out)
    }

    /// Does something that takes a place as long as it lasts. `None`: its place was wanted.
    pub async fn admit<T>(
        self: &Arc<Self>,
        origin: Origin,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let (_place, turned_out) = self.enter(origin);
        tokio::select! {
            done = work => Some(done),
            () = turned_out => None,
        }
    }

    /// Has somebody give way.
    pub fn turn_one_out(&self) {
        self.held().turn_one_out();
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn turn_one_out(&mut self) {
        let mut counts: HashMap<Origin, usize> = HashMap::new();
        for (origin, _) in self.places.values() {
            *counts.entry(*origin).or_default() += 1;
        }
        let most = counts.values().max().copied();
        let oldest =
            self.places.iter().find(|(_, (origin, _))| counts.get(origin).copied() == most);
        let oldest = oldest.map(|(number, _)| *number);
        if let Some((_, turn_out)) = oldest.and_then(|number| self.places.remove(&number)) {
            // Whoever is gone already has given way too.
            let _ = turn_out.send(());
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.held().places.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    /// A place, and whether it has been wanted for somebody else.
    fn enter(crowd: &Arc<Crowd>, address: &str) -> (Place, impl FnMut() -> bool + use<>) {
        let (place, turned_out) = crowd.enter(Origin::of(address.parse().unwrap()));
        let mut turned_out = Box::pin(turned_out);
        (place, move || {
            turned_out.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
        })
    }

    #[test]
    fn the_oldest_of_the_address_that_holds_most_gives_way() {
        let crowd = Crowd::of(3);
        let (_first, mut is_first_out) = enter(&crowd, "192.0.2.1");
        let mut many: Vec<_> = (0..4).map(|_| enter(&crowd, "192.0.2.2")).collect();
        let out: Vec<bool> = many.iter_mut().map(|(_, is_out)| is_out()).collect();
        assert_eq!(out, [true, true, false, false]);
        assert!(!is_first_out(), "it is the only one of its address");
    }

    #[test]
    fn a_place_that_is_given_back_is_free() {
        let crowd = Crowd::of(1);
        let (place, mut is_out) = enter(&crowd, "192.0.2.1");
        drop(place);
        let (_other, mut is_other_out) = enter(&crowd, "192.0.2.1");
        assert!(!is_out() && !is_other_out());
    }

    #[test]
    fn a_network_of_ipv6_is_one_origin() {
        let origin = |address: &str| Origin::of(address.parse().unwrap());
        assert_eq!(origin("2001:db8::1"), origin("2001:db8::ffff:0:0:2"));
        assert_ne!(origin("2001:db8::1"), origin("2001:db8:0:1::1"));
        assert_eq!(origin("::ffff:192.0.2.1"), origin("192.0.2.1"));
        assert_ne!(origin("192.0.2.1"), origin("192.0.2.2"));
    }
}
