"""How each rule of `model/placement/` is followed: a file of the same name, whose `places` gives u, v and height."""
