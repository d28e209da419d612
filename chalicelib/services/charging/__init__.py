"""The one way to move money: hold, charge, settle; and each kind of charge. Uses partners."""
