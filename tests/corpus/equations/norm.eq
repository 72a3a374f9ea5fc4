# The length of a vector
x: 3 x 1 input
W: 4 x 3
loss = norm(W @ x)
