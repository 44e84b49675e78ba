//! The API as clients meet it: the real server on real sockets, with a scripted conductor behind it.

mod bounds;
mod golden;
mod hostile;
mod own;
mod peer;
mod python;
mod support;
