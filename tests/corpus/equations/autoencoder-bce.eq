# Binary cross-entropy against the input
# m = 5; X unit
W: 3 x 4
D: 4 x 3
X: 4 x m
H = tanh(W @ X)
R = sigmoid(D @ H)
loss = bce(R, X)
