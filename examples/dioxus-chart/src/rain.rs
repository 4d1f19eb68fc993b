use gloo_net::http::Request;
use serde::Deserialize;

/// The rain of a usual year at one place.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Place {
    pub name: String,
    pub months: Vec<Month>,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Month {
    pub name: String,
    /// In millimetres.
    pub rain: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Unit {
    #[default]
    Millimetres,
    Inches,
}

impl Unit {
    pub fn other(self) -> Self {
        match self {
            Self::Millimetres => Self::Inches,
            Self::Inches => Self::Millimetres,
        }
    }

    pub fn format(self, millimetres: f64) -> String {
        match self {
            Self::Millimetres => format!("{millimetres:.0} mm"),
            Self::Inches => format!("{:.1} in", millimetres / 25.4),
        }
    }
}

impl Place {
    pub fn total(&self) -> f64 {
        self.months.iter().map(|month| month.rain).sum()
    }

    pub fn most(&self) -> f64 {
        self.months.iter().map(|month| month.rain).fold(0.0, f64::max)
    }
}

pub async fn fetch_places() -> Result<Vec<Place>, String> {
    let response =
        Request::get("data/rain.json").send().await.map_err(|error| error.to_string())?;
    if !response.ok() {
        return Err(format!("the server answered {}", response.status()));
    }
    response.json().await.map_err(|error| error.to_string())
}
