//! The planner against a world of plain data, by subject.

mod changes;
mod cures;
mod environments;
mod farewells;
mod health;
mod houses;
mod lost_data;
mod moves;
mod needs;
mod ownership;
mod prediction;
mod proof;
mod reading;
mod removal;
mod replacement;
mod requested_replacement;
mod secrets;
mod takeovers;
mod targets;
mod world;
