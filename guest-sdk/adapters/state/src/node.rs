//! Instances of components, and the paths that distinguish them.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard};

/// An instance of a component, or of another part of a page, inside of others.
///
/// A path consists of one segment for each instance. Contexts of some frameworks must be `Send`, so this is.
#[derive(Debug)]
pub struct Node {
    parent: Option<Arc<Node>>,
    segment: Mutex<String>,
    /// The numbers that children of one name have.
    numbers: Mutex<HashMap<String, BTreeSet<usize>>>,
}

impl Node {
    /// A node with this segment. [`Node::set_segment`] may change it.
    #[must_use]
    pub fn new(parent: Option<Arc<Node>>, segment: String) -> Arc<Self> {
        Arc::new(Self { parent, segment: Mutex::new(segment), numbers: Mutex::default() })
    }

    /// A node for an item of a list, which is known by its key.
    #[must_use]
    pub fn of_item(list: Arc<Node>, key: &impl Hash) -> Arc<Self> {
        // Keys need not have a text. This hash is the same in each copy of the application.
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        Self::new(Some(list), format!("[{:x}]", hasher.finish()))
    }

    /// A node that is distinguished from its siblings of the same name by the smallest number that none of them has.
    #[must_use]
    pub fn numbered(parent: Option<Arc<Node>>, name: &str) -> Numbered {
        let number = parent.as_ref().map_or(0, |parent| {
            let mut numbers = lock(&parent.numbers);
            let used = numbers.entry(name.to_owned()).or_default();
            let number = (0..).find(|it| !used.contains(it)).unwrap_or_default();
            used.insert(number);
            number
        });
        Numbered { node: Self::new(parent, segment(name, number)), name: name.to_owned(), number }
    }

    /// Changes the segment.
    pub fn set_segment(&self, segment: String) {
        *lock(&self.segment) = segment;
    }

    /// The segments of the nodes around this one and its own: `/List/Row[7]`.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = self.parent.as_ref().map(|parent| parent.path()).unwrap_or_default();
        path.push('/');
        path.push_str(&lock(&self.segment));
        path
    }
}

/// A node with a number of its own, until [`Numbered::end`].
#[derive(Debug)]
pub struct Numbered {
    /// The node.
    pub node: Arc<Node>,
    name: String,
    number: usize,
}

impl Numbered {
    /// Lets another node have the number.
    pub fn end(&self) {
        if let Some(parent) = &self.node.parent {
            if let Some(used) = lock(&parent.numbers).get_mut(&self.name) {
                used.remove(&self.number);
            }
        }
    }
}

/// `Row`, `Row~1`, `Row~2`.
pub(crate) fn segment(name: &str, number: usize) -> String {
    if number == 0 {
        name.to_owned()
    } else {
        format!("{name}~{number}")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
