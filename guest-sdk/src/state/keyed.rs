//! Maps whose keys are texts or growing numbers. A module contains the code of a map once for each type of value, which is kilobytes for an
//! ordered map; here the types of the values are not part of that.

use std::collections::BTreeMap;

/// Values by key. Its order is that of the keys.
pub(crate) struct ByKey<V> {
    places: BTreeMap<String, u32>,
    values: Vec<Option<V>>,
    free: Vec<u32>,
}

impl<V> Default for ByKey<V> {
    fn default() -> Self {
        Self { places: BTreeMap::new(), values: Vec::new(), free: Vec::new() }
    }
}

impl<V> ByKey<V> {
    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        let place = *self.places.get(key)?;
        self.values.get(place as usize)?.as_ref()
    }

    /// Sets the value of a key.
    pub(crate) fn insert(&mut self, key: String, value: V) {
        self.remove(&key);
        let place = self.free.pop().unwrap_or_else(|| {
            self.values.push(None);
            u32::try_from(self.values.len() - 1).expect("memory has fewer values")
        });
        self.values[place as usize] = Some(value);
        self.places.insert(key, place);
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<V> {
        let place = self.places.remove(key)?;
        self.free.push(place);
        self.values[place as usize].take()
    }

    /// The keys, in order.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys = Vec::with_capacity(self.places.len());
        for key in self.places.keys() {
            keys.push(key.clone());
        }
        keys
    }

    /// Removes the values for which this is true, in the order of their keys.
    pub(crate) fn take_if(
        &mut self,
        mut is_taken: impl FnMut(&str, &V) -> bool,
    ) -> Vec<(String, V)> {
        let mut taken = Vec::new();
        for key in self.keys() {
            if self.get(&key).is_some_and(|value| is_taken(&key, value))
                && let Some(value) = self.remove(&key)
            {
                taken.push((key, value));
            }
        }
        taken
    }
}

/// Values by number. New numbers are larger than all before, so that the list stays in order.
pub(crate) struct ById<V> {
    /// `None`: removed.
    values: Vec<(u32, Option<V>)>,
    removed: usize,
}

impl<V> ById<V> {
    pub(crate) const fn new() -> Self {
        Self { values: Vec::new(), removed: 0 }
    }

    fn place(&self, id: u32) -> Result<usize, usize> {
        self.values.binary_search_by_key(&id, |(id, _)| *id)
    }

    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut V> {
        let place = self.place(id).ok()?;
        self.values[place].1.as_mut()
    }

    /// Sets the value of a number; returns the one before.
    pub(crate) fn insert(&mut self, id: u32, value: V) -> Option<V> {
        match self.place(id) {
            Ok(place) => {
                let before = self.values[place].1.replace(value);
                self.removed -= usize::from(before.is_none());
                before
            }
            Err(place) => {
                self.values.insert(place, (id, Some(value)));
                None
            }
        }
    }

    pub(crate) fn remove(&mut self, id: u32) -> Option<V> {
        let place = self.place(id).ok()?;
        let value = self.values[place].1.take()?;
        self.removed += 1;
        // So that removing costs the same however many there are.
        if self.removed * 2 > self.values.len() {
            self.values.retain(|(_, value)| value.is_some());
            self.removed = 0;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::{ById, ByKey};

    #[test]
    fn values_are_found_until_they_are_removed() {
        let mut map = ByKey::default();
        for key in ["b", "a", "c"] {
            map.insert(key.to_owned(), key.len());
        }
        map.insert("a".to_owned(), 7);
        assert_eq!((map.remove("b"), map.get("b"), map.get("a")), (Some(1), None, Some(&7)));
        map.insert("d".to_owned(), 8);
        assert_eq!(map.keys(), ["a", "c", "d"]);
        assert_eq!(map.take_if(|_, value| *value > 1), [("a".to_owned(), 7), ("d".to_owned(), 8)]);
        assert_eq!(map.keys(), ["c"]);
    }

    #[test]
    fn numbers_are_found_until_they_are_removed() {
        let mut map = ById::new();
        for id in 1..=100 {
            assert_eq!(map.insert(id, id * 2), None);
        }
        assert_eq!(map.insert(7, 1), Some(14));
        for id in (1..=99).filter(|id| id % 3 != 0) {
            assert!(map.remove(id).is_some());
            assert_eq!(map.remove(id), None);
        }
        for id in 1..=100 {
            let expected = (id % 3 == 0 || id == 100).then_some(id * 2);
            assert_eq!(map.get_mut(id).copied(), expected);
        }
        assert_eq!(map.insert(5, 5), None);
        assert_eq!(map.get_mut(5), Some(&mut 5));
    }
}
