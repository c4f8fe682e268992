//! Places for unauthenticated callers. Every new one gets a place: if all are taken, the oldest of the origin
//! with the most is evicted.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// The origin of a caller: an IPv4 address, or the network of an IPv6 address, since its owner has all of it.
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

/// The places and their holders.
pub(super) struct Crowd {
    most: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    next: u64,
    /// Sorted from oldest to newest.
    places: BTreeMap<u64, (Origin, oneshot::Sender<()>)>,
}

/// A place, released on drop.
pub(super) struct Place {
    crowd: Arc<Crowd>,
    number: u64,
}

impl Crowd {
    /// Creates this many places.
    pub fn of(most: usize) -> Arc<Self> {
        Arc::new(Self { most, held: Mutex::default() })
    }

    /// Takes a place. The returned future ends when the place is evicted, but not when it has been released.
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

    /// Runs a future that holds a place. `None`: the place was evicted.
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

    /// Evicts one place.
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
            // A holder that has disconnected counts as evicted.
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

    /// A place, and whether it was evicted.
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
