# Smoothed targets: the link of softmax and cross-entropy stays
# m = 5; Y one-hot
W: 4 x 3
X: 3 x m
Y: 4 x m
P = softmax(W @ X)
loss = cross_entropy(P, 0.9 * Y + 0.1/4)
