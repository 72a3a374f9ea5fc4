# The sum of squares as a penalty, and its square
# m = 5
X: 3 x m
Y: 2 x m
W: 2 x 3
q = sum(W**2)
A = W @ X
loss = mse(A, Y) + 0.1 * q + 0.01 * q**2
