# Classes that count by weights, columns that do not count, labels smoothed; a second head by its direction
# m = 5; Y one-hot, w positive, N mask
X: 3 x m
Y: 4 x m
T: 3 x m target
W: 4 x 3
V: 3 x 3
w: 4 x 1 constant
N: 1 x m constant
P = softmax(W @ X)
c = cosine(V @ X, T)
loss = cross_entropy(P, Y, label_smoothing=0.1, weight=w, mask=N) + 0.5 * c
