# Two losses of one output, weighted
# m = 5; Y one-hot
X: 3 x m
Y: 4 x m
W: 4 x 3
P = softmax(W @ X)
loss = 0.7 * cross_entropy(P, Y) + mse(P, Y)
