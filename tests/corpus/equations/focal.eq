# The focal loss written out: (1 - p)² times the log-likelihood
# m = 5; Y one-hot
X: 3 x m
Y: 4 x m
W: 4 x 3
P = softmax(W @ X)
Q = 1 - P
F = Q**2 * Y * log(P)
loss = -sum(F) / m
