//! ConvoSync in Nushell.
