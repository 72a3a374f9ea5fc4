# The Huber loss of two networks: a slope for each
# m = 5
W, U: 4 x 3
X: 3 x m
A = W @ X
B = U @ X
loss = huber(A, B)
