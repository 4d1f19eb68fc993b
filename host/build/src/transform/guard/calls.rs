//! Which functions can call themselves, directly or through others.
//!
//! Functions and the calls between them are a graph; those that are on a cycle of it can recurse. The target of a call
//! through a table or a reference is not known, so one more node represents all of them: an indirect call leads to
//! it, and it leads to every function that a reference is made to anywhere.

use std::collections::BTreeSet;

use wasmparser::{BinaryReaderError, ConstExpr, ElementItems, Operator, TableInit};

use super::Callee;
use crate::wasm::Binary;

/// The graph. Nodes are the defined functions, from 0, and after them the node of all references.
pub(super) struct CallGraph {
    imported: u32,
    leads_to: Vec<Vec<u32>>,
}

impl CallGraph {
    /// A graph of so many functions, with no calls.
    pub(super) fn new(imported: u32, defined: usize) -> Self {
        Self { imported, leads_to: vec![Vec::new(); defined + 1] }
    }

    fn references(&self) -> u32 {
        u32::try_from(self.leads_to.len() - 1).unwrap_or(u32::MAX)
    }

    /// Notes what the body of the defined function `from` does.
    pub(super) fn edge(&mut self, from: u32, callee: Callee) {
        let to = match callee {
            Callee::Function(index) => self.defined(index),
            Callee::Reference => Some(self.references()),
            Callee::Referred(index) => return self.refer(index),
        };
        // An engine's import calls nothing back.
        if let (Some(to), Some(edges)) = (to, self.leads_to.get_mut(from as usize))
            && !edges.contains(&to)
        {
            edges.push(to);
        }
    }

    fn defined(&self, index: u32) -> Option<u32> {
        index.checked_sub(self.imported).filter(|function| *function < self.references())
    }

    /// Notes the functions that tables, elements and globals refer to.
    pub(super) fn note_references(&mut self, binary: &Binary<'_>) -> Result<(), BinaryReaderError> {
        for element in binary.elements()? {
            match element.items {
                ElementItems::Functions(functions) => {
                    for function in functions {
                        self.refer(function?);
                    }
                }
                ElementItems::Expressions(_, expressions) => {
                    for expression in expressions {
                        self.note_expression(&expression?)?;
                    }
                }
            }
        }
        for global in binary.globals()? {
            self.note_expression(&global.init_expr)?;
        }
        for table in binary.tables()? {
            if let TableInit::Expr(expression) = table.init {
                self.note_expression(&expression)?;
            }
        }
        Ok(())
    }

    fn note_expression(&mut self, expression: &ConstExpr<'_>) -> Result<(), BinaryReaderError> {
        for operator in expression.get_operators_reader() {
            if let Operator::RefFunc { function_index } = operator? {
                self.refer(function_index);
            }
        }
        Ok(())
    }

    /// Notes that some reference leads to a function.
    fn refer(&mut self, index: u32) {
        let to = self.defined(index);
        if let (Some(to), Some(edges)) = (to, self.leads_to.last_mut()) {
            edges.push(to);
        }
    }

    /// The defined functions that are on a cycle.
    pub(super) fn recursive(&self) -> BTreeSet<u32> {
        let mut found = BTreeSet::new();
        for component in self.strongly_connected() {
            let on_cycle = match component.as_slice() {
                [only] => self.leads_to[*only as usize].contains(only),
                _ => true,
            };
            if on_cycle {
                found.extend(component);
            }
        }
        found.remove(&self.references());
        found
    }

    /// Tarjan's algorithm, with a stack of its own: chains of calls in a module can be longer than the thread's stack.
    fn strongly_connected(&self) -> Vec<Vec<u32>> {
        let nodes = self.leads_to.len();
        let (mut order, mut lowest) = (vec![usize::MAX; nodes], vec![usize::MAX; nodes]);
        let mut open = vec![false; nodes];
        let (mut stack, mut components, mut next) = (Vec::new(), Vec::new(), 0);
        for root in 0..nodes {
            if order[root] != usize::MAX {
                continue;
            }
            let mut path = vec![(root, 0)];
            while let Some((node, edge)) = path.pop() {
                if edge == 0 {
                    (order[node], lowest[node], open[node]) = (next, next, true);
                    next += 1;
                    stack.push(node);
                }
                if let Some(to) = self.leads_to[node].get(edge).map(|to| *to as usize) {
                    path.push((node, edge + 1));
                    if order[to] == usize::MAX {
                        path.push((to, 0));
                    } else if open[to] {
                        lowest[node] = lowest[node].min(order[to]);
                    }
                    continue;
                }
                if let Some((parent, _)) = path.last() {
                    lowest[*parent] = lowest[*parent].min(lowest[node]);
                }
                if lowest[node] == order[node] {
                    let start = stack.iter().rposition(|it| *it == node).unwrap_or(0);
                    let component = stack.split_off(start);
                    for it in &component {
                        open[*it] = false;
                    }
                    components.push(
                        component.into_iter().filter_map(|it| u32::try_from(it).ok()).collect(),
                    );
                }
            }
        }
        components
    }
}
