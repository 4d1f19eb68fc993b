use leptos::prelude::*;

pub const SESSIONS: [&str; 7] = [
    "Grafting fruit trees",
    "Pruning in winter",
    "Soil and compost",
    "Seeds of your own",
    "Building a cold frame",
    "Watering with less",
    "Growing mushrooms",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Step {
    Person,
    Sessions,
    Review,
    Sent,
}

impl Step {
    pub const NUMBERED: [Self; 3] = [Self::Person, Self::Sessions, Self::Review];

    pub fn title(self) -> &'static str {
        match self {
            Self::Person => "You",
            Self::Sessions => "Sessions",
            Self::Review => "Review",
            Self::Sent => "Sent",
        }
    }

    pub fn next(self) -> Self {
        match self {
            Self::Person => Self::Sessions,
            Self::Sessions => Self::Review,
            Self::Review | Self::Sent => Self::Sent,
        }
    }

    pub fn previous(self) -> Self {
        match self {
            Self::Person | Self::Sessions => Self::Person,
            Self::Review | Self::Sent => Self::Sessions,
        }
    }
}

/// What has been entered in all steps.
#[derive(Clone, Copy)]
pub struct Booking {
    pub name: RwSignal<String>,
    pub email: RwSignal<String>,
    pub seats: RwSignal<String>,
    pub remarks: RwSignal<String>,
    pub sessions: RwSignal<Vec<usize>>,
    pub agreed: RwSignal<bool>,
}

impl Booking {
    pub fn new() -> Self {
        Self {
            name: RwSignal::new(String::new()),
            email: RwSignal::new(String::new()),
            seats: RwSignal::new("1".to_owned()),
            remarks: RwSignal::new(String::new()),
            sessions: RwSignal::new(Vec::new()),
            agreed: RwSignal::new(false),
        }
    }

    pub fn is_complete(self, step: Step) -> bool {
        match step {
            Step::Person => {
                self.name.with(|name| name_error(name).is_none())
                    && self.email.with(|email| email_error(email).is_none())
            }
            Step::Sessions => {
                self.seats.with(|seats| seats_error(seats).is_none())
                    && self.sessions.with(|sessions| !sessions.is_empty())
            }
            Step::Review => self.agreed.get(),
            Step::Sent => true,
        }
    }
}

pub fn name_error(name: &str) -> Option<&'static str> {
    (name.trim().chars().count() < 2).then_some("Enter your name")
}

pub fn email_error(email: &str) -> Option<&'static str> {
    let valid = email
        .split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !host.ends_with('.'));
    (!valid).then_some("Enter an address like ada@example.org")
}

pub fn seats_error(seats: &str) -> Option<&'static str> {
    let valid = seats.parse::<u8>().is_ok_and(|seats| (1..=6).contains(&seats));
    (!valid).then_some("Choose between 1 and 6 seats")
}
