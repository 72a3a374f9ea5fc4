# log cosh of two networks, one of them scaled
# m = 4
W, U: 4 x 3
X: 3 x m
Pred = W @ X
Aim = sin(U @ X)
loss = 3 * log_cosh(Pred, Aim)
