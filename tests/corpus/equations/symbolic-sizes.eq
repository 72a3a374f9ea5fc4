# Sizes that are names
# m = 5, n = 3, h = 4, k = 2; Y one-hot
W: h x n
b: h x 1
V: k x h
X: n x m
Y: k x m
H = tanh(W @ X + b)
P = softmax(V @ H)
loss = cross_entropy(P, Y)
