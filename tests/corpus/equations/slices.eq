# The gates of one stacked matrix, cut out
X: 3 x m
Y: 2 x m
W: 4 x 3
Z = W @ X
A = Z[0:2]
loss = mse(A, Y)
